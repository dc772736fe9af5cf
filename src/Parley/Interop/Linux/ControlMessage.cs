namespace Parley.Interop.Linux;

/// <summary><c>struct cmsghdr</c>; its data follow at once, the next one begins at a multiple of the size of a pointer.</summary>
internal struct ControlMessage
{
    public nuint Length;
    public int Level;
    public int Type;
}
