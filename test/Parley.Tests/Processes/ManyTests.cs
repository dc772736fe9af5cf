using System.Diagnostics;

namespace Parley.Tests.Processes;

/// <summary>Many children leave nothing behind: no zombie, no descriptor.</summary>
[Collection(nameof(Alone))]
public sealed class ManyTests
{
    [Fact]
    public async Task Children_OneAfterTheOther_LeaveNothing()
    {
        await TalkAsync(0);
        string[] before = Started.Descriptors();

        for (int i = 0; i < 1000; i++)
            await TalkAsync(i);

        MustHaveLeftNothing(before);
    }

    [Fact]
    public async Task Children_FiftyAtOnce_LeaveNothing()
    {
        await TalkAsync(0);
        string[] before = Started.Descriptors();

        await Task.WhenAll(Enumerable.Range(0, 50).Select(number => Task.Run(() => TalkAsync(number)))).Within(Limits.Transfer);

        MustHaveLeftNothing(before);
    }

    [Fact]
    public async Task Children_Aborted_LeaveNothing()
    {
        await TalkAsync(0);
        string[] before = Started.Descriptors();

        for (int i = 0; i < 100; i++)
        {
            Connection cat = await Started.Program("cat");
            cat.Abort();
        }

        await Eventually.TrueAsync(() => Zombies().Length == 0 && !Started.Descriptors().Except(before, StringComparer.Ordinal).Any(), "every child is reaped, every descriptor closed");
    }

    [Fact]
    public async Task Children_BesideThoseOfOthers_KeepTheirStatus()
    {
        for (int i = 0; i < 50; i++)
        {
            using Process other = Process.Start("sh", ["-c", "exit 2"]);
            await using Connection own = await Started.Script("exit 3");
            await Talk.ReadToEndAsync(own).Within();
            await other.WaitForExitAsync().Within();

            Assert.Equal((3, 2), (Started.ExitCode(own), other.ExitCode));
        }
    }

    [Fact]
    public async Task Start_NoDescriptorLeft_IsALimitAndLeavesNothing()
    {
        await TalkAsync(0);
        string[] before = Started.Descriptors();
        var taken = new List<FileStream>();
        try
        {
            ConnectionException failure = await Assert.ThrowsAsync<ConnectionException>(async () =>
            {
                // Every number of free ones is tried, so that each of the calls fails once.
                while (true)
                {
                    taken.Add(OpenLowered());
                    await using Connection cat = await Started.Program("true");
                    await Talk.ReadToEndAsync(cat).Within();
                }
            });
            Assert.Equal((Step.Open, Reason.Limit), (failure.Step, failure.Reason));
        }
        finally
        {
            Native.SetOpenFiles(null);
            taken.ForEach(file => file.Dispose());
        }

        MustHaveLeftNothing(before);

        FileStream OpenLowered()
        {
            var file = new FileStream("/dev/null", FileMode.Open, FileAccess.Read);
            if (taken.Count == 0)
                Native.SetOpenFiles((ulong)file.SafeFileHandle.DangerousGetHandle() + 32);
            return file;
        }
    }

    private static async Task TalkAsync(int number)
    {
        await using Connection child = await Started.Script("read line; echo \"$line\"; exit $1", null, $"{number % 3}");
        await Talk.SendAndEndAsync(child, System.Text.Encoding.UTF8.GetBytes($"{number}\n"));
        Assert.Equal($"{number}\n", await Talk.ReadTextToEndAsync(child).Within());
        Assert.Equal(number % 3, Started.ExitCode(child));
    }

    private static void MustHaveLeftNothing(string[] before)
    {
        Assert.Empty(Zombies());
        Assert.Empty(Started.Descriptors().Except(before, StringComparer.Ordinal));
    }

    private static string[] Zombies() => [.. Directory.GetDirectories("/proc/self/task")
        .SelectMany(task => Read(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(pid => Read($"/proc/{pid}/stat"))
        .Select(stat => stat[Math.Min(stat.Length, stat.LastIndexOf(')') + 2)..])
        .Where(state => state.StartsWith('Z'))];

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            // The thread or the child is gone between the two looks.
            return "";
        }
    }
}
