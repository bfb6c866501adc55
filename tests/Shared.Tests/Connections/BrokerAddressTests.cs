using RabbitMQ.Client;
using Seckill.Shared.Connections;
using Seckill.Shared.Settings;

namespace Seckill.Shared.Tests.Connections;

/// <summary>
/// Promise: <c>ConnectionStrings:RabbitMq</c> names one host or several nodes, and what it does not mean is refused at the start, by the
/// name of the setting and without its password. Broken by a list of which the first host counts, and by one name for all certificates.
/// </summary>
public sealed class BrokerAddressTests
{
    [Theory]
    [InlineData("amqp://h1", "guest", "guest", "/", "h1:5672")]
    [InlineData("amqp://user:pw@h1:5672,h2:5673,h3/orders", "user", "pw", "orders", "h1:5672 h2:5673 h3:5672")]
    [InlineData("amqps://user:pw@h1, h2:5679/", "user", "pw", "/", "h1:5671 h2:5679")]
    [InlineData("amqp://us%2Fer:p%40w%2C1@10.0.0.1,[::1]:5673/%2F", "us/er", "p@w,1", "/", "10.0.0.1:5672 ::1:5673")]
    public void Hosts_user_and_virtual_host_are_read(string text, string user, string password, string virtualHost, string hosts)
    {
        var factory = FactoryOf(text);
        Assert.Equal((user, password, virtualHost), (factory.UserName, factory.Password, factory.VirtualHost));
        Assert.Equal(
            hosts.Split(' ').Order(), EndpointsOf(factory).Select(endpoint => $"{endpoint.HostName}:{endpoint.Port}").Order());
    }

    [Fact]
    public void Each_encrypted_host_shows_a_certificate_of_its_own_name() => Assert.All(
        EndpointsOf(FactoryOf("amqps://h1,h2:5679/")),
        endpoint => Assert.Equal((true, endpoint.HostName), (endpoint.Ssl.Enabled, endpoint.Ssl.ServerName)));

    [Theory]
    [InlineData("h1:5672")]
    [InlineData("http://user:s3cret@h1/")]
    [InlineData("amqp://")]
    [InlineData("amqp:///orders")]
    [InlineData("amqp://user:s3cret@/orders")]
    [InlineData("amqp://user:s3cret@h1,,h2/")]
    [InlineData("amqp://user:s3cret@h1,h2:none/")]
    [InlineData("amqp://user:s3cret@h1,h2:70000/")]
    [InlineData("amqp://user:s3cret@h1,h2:0/")]
    [InlineData("amqp://user:s3cret@h1/a/b")]
    [InlineData("amqp://user:s3cret@h1/?heartbeat=5")]
    [InlineData("amqp://user:s3cret@h1/,amqp://user:s3cret@h2/")]
    public void Anything_else_is_refused_and_no_password_is_shown(string text)
    {
        var refusal = Assert.Throws<InvalidSettingException>(() => BrokerAddress.Parse(text));
        Assert.StartsWith("The setting ConnectionStrings:RabbitMq is not of the form ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refusal.Message, StringComparison.Ordinal);
    }

    private static ConnectionFactory FactoryOf(string text)
    {
        var factory = new ConnectionFactory();
        BrokerAddress.Parse(text).Configure(factory);
        return factory;
    }

    private static IEnumerable<AmqpTcpEndpoint> EndpointsOf(ConnectionFactory factory) => factory.EndpointResolverFactory([]).All();
}
