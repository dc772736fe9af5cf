namespace Parley.Cli.Tests.Children;

/// <summary>Arguments and variables are bytes to the system, whatever they mean.</summary>
public sealed class RawBytesTests
{
    [Fact]
    public async Task Connect_ArgumentsThatAreNoUtf8_ArriveUntouched()
    {
        // printf makes the bytes, so that no string of this program has to hold them.
        await using ChildProcess parley = Command.StartScript(
            $"exec {Command.Shell("connect", "exec:", "--", "sh", "-c", "printf '%s|' \"$@\"", "sh")} \"$(printf 'a\\377b')\" plain \"$(printf '\\303')\" \"$(printf '\\303\\274\\200')\" </dev/null");

        CommandResult result = await parley.EndAsync();

        Assert.Equal("a\u00ffb|plain|\u00c3|\u00c3\u00bc\u0080|", System.Text.Encoding.Latin1.GetString(result.MustExit(0).Output));
    }

    [Fact]
    public async Task Connect_VariableThatIsNoUtf8_ArrivesUntouched()
    {
        await using ChildProcess parley = Command.StartScript(
            $"WORD=\"$(printf 'a\\377b')\" exec {Command.Shell("connect", "exec:", "--", "sh", "-c", "printf %s \"$WORD\"")} </dev/null");

        Assert.Equal("a\u00ffb", System.Text.Encoding.Latin1.GetString((await parley.EndAsync()).MustExit(0).Output));
    }
}
