namespace Parley.Cli.Demo;

/// <summary>Two FIFOs, made first; what the server reads, the client writes.</summary>
internal sealed class FifoChannel(string name) : ServedChannel(name, Make)
{
    protected override string FarSide(string bound)
    {
        var pair = (FifoEndPoint)ParleyEndPoint.Parse(bound);
        return ParleyEndPoint.Format(new FifoEndPoint(pair.WritePath!, pair.Path));
    }

    private static string Make(string folder, string name)
    {
        var pair = new FifoEndPoint($"{folder}/{name}.in", $"{folder}/{name}.out");
        NamedObject.Create(pair);
        return ParleyEndPoint.Format(pair);
    }
}
