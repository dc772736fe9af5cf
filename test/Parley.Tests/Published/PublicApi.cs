using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Parley.Tests.Published;

/// <summary>Writes what an assembly shows to others: one line a type, and one a member, sorted.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly NullabilityInfoContext Nullability = new();

    public static string[] Describe(Assembly assembly)
        => [.. assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(Describe)];

    private static IEnumerable<string> Describe(Type type)
    {
        string name = type.FullName!;
        yield return $"{name} = {Kind(type)}{Bases(type)}";
        IEnumerable<string> members = type.IsEnum
            ? Enum.GetNames(type).Select(value => $"{value} = {Convert.ToInt64(Enum.Parse(type, value), CultureInfo.InvariantCulture)}")
            : type.GetMembers(Declared).Select(Describe).OfType<string>();
        foreach (string member in members.Order(StringComparer.Ordinal))
            yield return $"{name}: {member}";
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return "enum";
        if (type.IsInterface)
            return "interface";
        bool isRecord = type.GetMethod("PrintMembers", Declared) is not null;
        string kind = (type.IsValueType ? "struct" : "class") + (isRecord ? " (record)" : "");
        if (type.IsValueType)
            return type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " + kind : kind;
        return type switch
        {
            { IsAbstract: true, IsSealed: true } => "static " + kind,
            { IsAbstract: true } => "abstract " + kind,
            { IsSealed: true } => "sealed " + kind,
            _ => kind,
        };
    }

    private static string Bases(Type type)
    {
        if (type.IsEnum)
            return "";
        IEnumerable<Type> interfaces = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []);
        IEnumerable<Type> parents = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [parent] : [];
        string bases = string.Join(", ", parents.Concat(interfaces).Select(Name).Order(StringComparer.Ordinal));
        return bases.Length == 0 ? "" : " : " + bases;
    }

    private static string? Describe(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsVisible(constructor) => $"{Access(constructor)}new({Parameters(constructor)})",
        MethodInfo method when IsVisible(method) && !IsAccessor(method) => Describe(method),
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) => Describe(property),
        FieldInfo { IsPublic: true } field => $"{Name(field.FieldType)} {field.Name}",
        EventInfo { AddMethod: { } add } raised when IsVisible(add) => $"event {Name(raised.EventHandlerType!)} {raised.Name}",
        _ => null,
    };

    private static string Describe(MethodInfo method)
    {
        string returned = Name(method.ReturnType, Nullability.Create(method.ReturnParameter));
        return $"{Access(method)}{Modifiers(method)}{returned} {method.Name}({Parameters(method)})";
    }

    private static string Describe(PropertyInfo property)
    {
        MethodInfo accessor = property.GetAccessors(nonPublic: true).First(IsVisible);
        string get = property.GetMethod is { } getter && IsVisible(getter) ? "get; " : "";
        string set = property.SetMethod is { } setter && IsVisible(setter) ? (IsInitOnly(setter) ? "init; " : "set; ") : "";
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        string type = Name(property.PropertyType, Nullability.Create(property));
        return $"{Access(accessor)}{Modifiers(accessor)}{required}{type} {property.Name} {{ {get}{set}}}";
    }

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method)
        => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsInitOnly(MethodInfo setter)
        => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic)
            return "static ";
        bool overrides = method.GetBaseDefinition() != method;
        return (method.IsAbstract, method.IsVirtual && !method.IsFinal) switch
        {
            (true, _) => overrides ? "abstract override " : "abstract ",
            (false, true) => overrides ? "override " : "virtual ",
            _ => overrides ? "override " : "",
        };
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Describe));

    private static string Describe(ParameterInfo parameter)
    {
        Type type = parameter.ParameterType;
        string by = type.IsByRef ? (parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ") : "";
        string optional = parameter.IsOptional ? " = " + (parameter.RawDefaultValue switch
        {
            null => type.IsValueType ? "default" : "null",
            string text => $"\"{text}\"",
            bool value => value ? "true" : "false",
            object value => Convert.ToString(value, CultureInfo.InvariantCulture),
        }) : "";
        return $"{by}{Name(type.IsByRef ? type.GetElementType()! : type, Nullability.Create(parameter))} {parameter.Name}{optional}";
    }

    private static string Name(Type type) => Name(type, null);

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Name(underlying) + "?";
        string mark = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray)
            return $"{Name(type.GetElementType()!)}[]{mark}";
        if (!type.IsGenericType)
            return (type.Namespace is "Parley" ? type.FullName!["Parley.".Length..] : Keyword(type)) + mark;
        string name = type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)];
        IEnumerable<string> arguments = type.GetGenericArguments().Select(
            (argument, i) => Name(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i)));
        return $"{name}<{string.Join(", ", arguments)}>{mark}";
    }

    private static string Keyword(Type type) => type.FullName switch
    {
        "System.Void" => "void",
        "System.Boolean" => "bool",
        "System.Int32" => "int",
        "System.UInt32" => "uint",
        "System.Int64" => "long",
        "System.Object" => "object",
        "System.String" => "string",
        _ => type.Name,
    };
}
