using Seckill.Shared.Money;

namespace Seckill.Shared.Tests.Money;

/// <summary>
/// An amount in minor units means nothing without their number. Broken by a list for display: .NET and browsers show these without digits.
/// </summary>
public sealed class MinorUnitsTests
{
    [Theory]
    [InlineData("EUR", 2)]
    [InlineData("CNY", 2)]
    [InlineData("HUF", 2)]
    [InlineData("IDR", 2)]
    [InlineData("COP", 2)]
    [InlineData("JPY", 0)]
    [InlineData("KRW", 0)]
    [InlineData("IQD", 3)]
    [InlineData("KWD", 3)]
    [InlineData("CLF", 4)]
    [InlineData("XYZ", 2)]
    public void The_digits_are_those_of_ISO_4217(string currency, int digits) => Assert.Equal(digits, MinorUnits.DigitsOf(currency));
}
