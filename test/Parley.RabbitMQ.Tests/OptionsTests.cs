namespace Parley.Tests.Brokers;

/// <summary>Who this side is, as the environment says it.</summary>
[Collection(AloneInTheProcess.Name)]
public sealed class OptionsTests : IDisposable
{
    private static readonly string[] Variables = [RabbitMQOptions.UserVariable, RabbitMQOptions.PasswordVariable, RabbitMQOptions.PasswordFileVariable];

    private readonly string?[] _before = [.. Variables.Select(Environment.GetEnvironmentVariable)];

    public OptionsTests() => Set(null, null, null);

    public void Dispose() => Set(_before);

    [Fact]
    public void FromEnvironment_NothingSaid_IsTheDefault()
    {
        var options = RabbitMQOptions.FromEnvironment();

        Assert.Equal((null, null, null), (options.UserName, options.Password, options.PasswordFile));
        Assert.Equal(new RabbitMQOptions().CallTimeout, options.CallTimeout);
    }

    [Fact]
    public void FromEnvironment_UserAndPassword_AreTaken()
    {
        Set("me", "secret", null);

        var options = RabbitMQOptions.FromEnvironment();

        Assert.Equal(("me", "secret", null), (options.UserName, options.Password, options.PasswordFile));
    }

    [Fact]
    public void FromEnvironment_PasswordFile_IsTaken()
    {
        Set("me", null, "/run/secrets/broker");

        var options = RabbitMQOptions.FromEnvironment();

        Assert.Equal(("me", null, "/run/secrets/broker"), (options.UserName, options.Password, options.PasswordFile));
    }

    [Fact]
    public void FromEnvironment_EmptyVariables_AreAsGoodAsNone()
    {
        Set("", "", "");

        var options = RabbitMQOptions.FromEnvironment();

        Assert.Equal((null, null, null), (options.UserName, options.Password, options.PasswordFile));
    }

    [Fact]
    public void Use_PasswordAndPasswordFile_IsRefused()
    {
        Set("me", "secret", "/run/secrets/broker");

        ArgumentException refused = Assert.Throws<ArgumentException>(static () => RabbitMQTransport.Use(RabbitMQOptions.FromEnvironment()));

        Assert.DoesNotContain("secret", refused.Message.Replace("/run/secrets", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static void Set(params string?[] values)
    {
        for (int i = 0; i < Variables.Length; i++)
            Environment.SetEnvironmentVariable(Variables[i], values[i]);
    }

    /// <summary>The environment is the process's: nobody else looks at it meanwhile.</summary>
    [CollectionDefinition(Name, DisableParallelization = true)]
    public sealed class AloneInTheProcess
    {
        public const string Name = "environment";
    }
}
