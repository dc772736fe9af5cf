namespace Parley.RabbitMQ;

/// <summary>Who this side is, and how it proves that.</summary>
internal readonly record struct Credentials(string UserName, string Password)
{
    private const string Default = "guest";

    /// <summary>What the endpoint says goes before what the options say.</summary>
    internal static Credentials Of(AmqpEndPoint queue, RabbitMQOptions options)
    {
        string? password = queue.Password ?? options.Password;
        if (password is null && options.PasswordFile is { } file)
            password = Read(queue, file);
        string user = queue.UserName ?? options.UserName ?? Default;
        if (password is null && user != Default)
            throw new ConnectionException(Step.Open, Reason.Denied, queue, $"there is no password for the user {user}: name a file with it, or set {RabbitMQOptions.PasswordVariable}");
        return new Credentials(user, password ?? Default);
    }

    /// <summary>No password gets into a text by accident.</summary>
    public override string ToString() => UserName;

    private static string Read(AmqpEndPoint queue, string file)
    {
        try
        {
            using var reader = new StreamReader(file);
            return reader.ReadLine() ?? "";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Reason reason = failure is FileNotFoundException or DirectoryNotFoundException ? Reason.NotFound : failure is UnauthorizedAccessException ? Reason.Denied : Reason.Other;
            throw new ConnectionException(Step.Open, reason, queue, $"the password cannot be read from {file}: {failure.Message.TrimEnd('.')}", inner: failure);
        }
    }
}
