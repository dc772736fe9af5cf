using Parley.Cli.Output;
using Spectre.Console;

namespace Parley.Cli.Demo;

/// <summary>A table that fills while the channels run. Colours are left out where NO_COLOR asks for that.</summary>
internal sealed class TerminalDemoDisplay : IDemoDisplay
{
    public async Task<DemoRow[]> ShowAsync(DemoChannel[] channels, Func<DemoChannel, Task<DemoRow>> run)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings());
        var rows = new DemoRow[channels.Length];
        Table table = CreateTable(channels);
        await console.Live(table).StartAsync(async live =>
        {
            for (int i = 0; i < channels.Length; i++)
            {
                Mark(table, i, "[yellow]running …[/]");
                live.Refresh();
                rows[i] = await run(channels[i]);
                Fill(table, i, rows[i]);
                live.Refresh();
            }
        });
        int failures = rows.Count(static row => !row.Succeeded);
        console.MarkupLine(failures == 0
            ? $"[green]{channels.Length} channels, each between a server process and a client process: all of them talk.[/]"
            : $"[red]{failures} of {channels.Length} channels failed.[/]");
        return rows;
    }

    private static Table CreateTable(DemoChannel[] channels)
    {
        Table table = new Table().Border(TableBorder.Rounded).Title("[bold]Two processes talk[/]")
            .AddColumn("[bold]channel[/]")
            .AddColumn("[bold]received[/]")
            .AddColumn(new TableColumn("[bold]round trip, 64 B[/]").RightAligned())
            .AddColumn(new TableColumn("[bold]throughput[/]").RightAligned());
        foreach (DemoChannel channel in channels)
            table.AddRow(new Markup(Markup.Escape(channel.Name)), new Markup("[grey]waiting[/]"), new Markup(""), new Markup(""));
        return table;
    }

    private static void Mark(Table table, int row, string state) => table.UpdateCell(row, 1, new Markup(state));

    private static void Fill(Table table, int index, DemoRow row)
    {
        if (!row.Succeeded)
        {
            Mark(table, index, $"[red]failed: {Markup.Escape(PlainText.OneLine(row.Failure!))}[/]");
            return;
        }

        Mark(table, index, $"[green]{Markup.Escape(row.Received!)}[/]");
        table.UpdateCell(index, 2, new Markup($"[cyan]{Units.Duration(row.RoundTrip!.Value)}[/]"));
        table.UpdateCell(index, 3, new Markup($"[cyan]{Units.Bytes(row.BytesPerSecond!.Value)}/s[/]"));
    }
}
