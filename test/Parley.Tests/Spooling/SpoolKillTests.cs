using System.Diagnostics;
using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace Parley.Tests.Spooling;

/// <summary>
/// kill -9 at random moments of a process that moves messages through a spool: none is lost, and only marked ones come twice. PARLEY_SPOOL_KILLS says how often,
/// by hand.
/// </summary>
public sealed class SpoolKillTests(ITestOutputHelper output)
{
    private const int Largest = 4000;

    [Fact]
    public async Task Kill_AtRandomMoments_LosesNothing()
    {
        int kills = int.Parse(Environment.GetEnvironmentVariable("PARLEY_SPOOL_KILLS") ?? "20", CultureInfo.InvariantCulture);
        using var folder = new TestFolder();
        using var from = new TestQueue(messageSize: Largest);
        using var to = new TestQueue(messageSize: Largest);
        await using MessageChannel sender = await from.OpenAsync();
        await using MessageChannel receiver = await to.OpenAsync();
        using var done = new CancellationTokenSource();
        Task<int> send = Task.Run(() => SendAsync(sender, done.Token));
        var tally = new Tally();
        Task receive = Task.Run(() => tally.ReceiveAsync(receiver, done.Token));
        int recovered = 0, corrupt = 0;
        for (int i = 0; i < kills; i++)
        {
            using Process peer = Start(from, to, folder["spool"]);
            string[] found = ((await peer.StandardOutput.ReadLineAsync().Within()) ?? await peer.StandardError.ReadToEndAsync().Within()).Split(' ');
            Assert.True(found.Length == 3, string.Join(' ', found));
            recovered += int.Parse(found[1], CultureInfo.InvariantCulture);
            corrupt += int.Parse(found[2], CultureInfo.InvariantCulture);
            Thread.SpinWait(Random.Shared.Next(1_000_000));
            peer.Kill();
            await peer.WaitForExitAsync().Within();
        }

        using Process last = Start(from, to, folder["spool"]);
        string[] left = (await last.StandardOutput.ReadLineAsync().Within())!.Split(' ');
        recovered += int.Parse(left[1], CultureInfo.InvariantCulture);
        await sender.SendAsync("end"u8.ToArray()).Within();
        await done.CancelAsync();
        int sent = await send.Within();
        using var rest = new CancellationTokenSource();
        await receive.Within();
        Task drain = tally.ReceiveAsync(receiver, rest.Token);
        await Eventually.StandsStillAsync(() => tally.Total, "everything has come");
        await rest.CancelAsync();
        await drain.Within();
        last.Kill();
        await last.WaitForExitAsync().Within();

        int lost = Enumerable.Range(0, sent).Count(number => !tally.Seen.Contains(number));
        output.WriteLine($"{kills} kills, {sent} messages, {lost} lost, {tally.Duplicates} came again, {tally.Unmarked} of them unmarked, {recovered} recovered, {tally.Wrong} wrong, {corrupt} corrupt");
        Assert.Equal((0, 0, 0, 0), (lost, tally.Unmarked, tally.Wrong, corrupt));
    }

    private static Process Start(TestQueue from, TestQueue to, string spool)
        => Process.Start(new ProcessStartInfo(
            Environment.ProcessPath!, ["exec", Path.Combine(AppContext.BaseDirectory, "Parley.TestPeer.dll"), $"{ParleyEndPoint.Format(from.EndPoint)}", $"{ParleyEndPoint.Format(to.EndPoint)}", spool])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static async Task<int> SendAsync(MessageChannel sender, CancellationToken cancellationToken)
    {
        for (int number = 0; ; number++)
        {
            try
            {
                await sender.SendAsync(Body(number), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return number;
            }
        }
    }

    private static byte[] Body(int number)
        => Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadRight(10 + (number * 37 % (Largest - 20)), '.') + ";");

    private sealed class Tally
    {
        private readonly HashSet<int> _marked = [];

        internal HashSet<int> Seen { get; } = [];

        internal int Duplicates { get; private set; }

        internal int Unmarked { get; private set; }

        internal int Wrong { get; private set; }

        internal long Total { get; private set; }


        internal async Task ReceiveAsync(MessageChannel receiver, CancellationToken cancellationToken)
        {
            byte[] buffer = new byte[receiver.MaxMessageSize];
            while (true)
            {
                ReceivedMessage received;
                try
                {
                    received = await receiver.ReceiveAsync(buffer, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                Total++;
                string text = Encoding.UTF8.GetString(buffer, 0, received.Length);
                if (text == "end")
                    continue;
                if (!int.TryParse(text.AsSpan(0, Math.Max(0, text.IndexOfAny(['.', ';']))), CultureInfo.InvariantCulture, out int number)
                    || !buffer.AsSpan(0, received.Length).SequenceEqual(Body(number)))
                {
                    Wrong++;
                }
                else
                {
                    // What is marked overtakes what is not: either of the two may come first.
                    if ((received.Header.Priority & 1) != 0)
                        _marked.Add(number);
                    if (Seen.Add(number))
                        continue;
                    Duplicates++;
                    if (!_marked.Contains(number))
                        Unmarked++;
                }
            }
        }
    }
}
