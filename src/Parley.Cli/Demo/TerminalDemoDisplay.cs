using Parley.Cli.Output;
using Spectre.Console;

namespace Parley.Cli.Demo;

/// <summary>A table that fills while the channels run. With NO_COLOR the cursor still moves, but nothing has a style.</summary>
internal sealed class TerminalDemoDisplay : IDemoDisplay
{
    public async Task<DemoRow[]> ShowAsync(DemoChannel[] channels, Func<DemoChannel, Task<DemoRow>> run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings());
        var rows = new DemoRow[channels.Length];
        Table table = CreateTable(channels);
        try
        {
            return await ShowAsync(console, table, channels, rows, run);
        }
        finally
        {
            // The runtime's console, through which the table goes, has set the keypad so, and leaves it.
            StandardOutput.Print("\e[?1l\e>");
        }
    }

    private static async Task<DemoRow[]> ShowAsync(
        IAnsiConsole console, Table table, DemoChannel[] channels, DemoRow[] rows, Func<DemoChannel, Task<DemoRow>> run)
    {
        await console.Live(table).StartAsync(async live =>
        {
            for (int i = 0; i < channels.Length; i++)
            {
                Mark(table, i, Styled("yellow", "running …"));
                live.Refresh();
                rows[i] = await run(channels[i]);
                Fill(table, i, rows[i]);
                live.Refresh();
            }
        });
        if (DemoWords.Lead(rows) is { } lead)
            console.MarkupLine(Styled("cyan", lead));
        bool succeeded = Array.TrueForAll(rows, static row => row.Succeeded);
        console.MarkupLine(Styled(succeeded ? "green" : "red", DemoWords.Outcome(rows)));
        return rows;
    }

    private static Table CreateTable(DemoChannel[] channels)
    {
        Table table = new Table().Border(TableBorder.Rounded).Title(Styled("bold", "Two processes talk"))
            .AddColumn(Styled("bold", "channel"))
            .AddColumn(Styled("bold", "received"))
            .AddColumn(new TableColumn(Styled("bold", DemoWords.RoundTrip)).RightAligned())
            .AddColumn(new TableColumn(Styled("bold", "throughput")).RightAligned());
        foreach (DemoChannel channel in channels)
            table.AddRow(new Markup(Markup.Escape(channel.Name)), new Markup(Styled("grey", "waiting")), new Markup(""), new Markup(""));
        return table;
    }

    /// <summary>A text in a style, as markup.</summary>
    private static string Styled(string style, string text) => Styles.AreWanted ? $"[{style}]{Markup.Escape(text)}[/]" : Markup.Escape(text);

    private static void Mark(Table table, int row, string state) => table.UpdateCell(row, 1, new Markup(state));

    private static void Fill(Table table, int index, DemoRow row)
    {
        if (!row.Succeeded)
        {
            Mark(table, index, Styled("red", "failed: " + PlainText.OneLine(row.Failure!)));
            return;
        }

        Mark(table, index, Styled("green", PlainText.OneLine(row.Received!)));
        table.UpdateCell(index, 2, new Markup(Styled("cyan", Units.Duration(row.RoundTrip!.Value))));
        table.UpdateCell(index, 3, new Markup(Styled("cyan", Units.Bytes(row.BytesPerSecond!.Value) + "/s")));
    }
}
