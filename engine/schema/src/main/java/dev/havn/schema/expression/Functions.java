// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What the functions of `library.yaml` do, but for those that ask for rights.
final class Functions {
  private static final String ID = "kubernetes ";

  private final List<CelFunctionBinding> bindings = new ArrayList<>();

  private Functions() {}

  static List<CelFunctionBinding> all() {
    Functions functions = new Functions();
    functions.addresses();
    functions.formats();
    functions.quantities();
    functions.texts();
    functions.versions();
    functions.locations();
    functions.lists();
    return List.copyOf(functions.bindings);
  }

  private <A> void one(String id, Class<A> argument, CelFunctionOverload.Unary<A> body) {
    bindings.add(CelFunctionBinding.from(ID + id, argument, body));
  }

  private <A, B> void two(
      String id, Class<A> first, Class<B> second, CelFunctionOverload.Binary<A, B> body) {
    bindings.add(CelFunctionBinding.from(ID + id, first, second, body));
  }

  private void addresses() {
    one("ip(string) net.IP", String.class, IpValue::parse);
    one("isIP(string) bool", String.class, IpValue::isOne);
    one(
        "ip.isCanonical(string) bool",
        String.class,
        text -> IpValue.parse(text).text().equals(text));
    one("string(net.IP) string", IpValue.class, IpValue::text);
    one("net.IP.family() int", IpValue.class, ip -> (long) ip.family());
    one("net.IP.isUnspecified() bool", IpValue.class, ip -> ip.address().isAnyLocalAddress());
    one("net.IP.isLoopback() bool", IpValue.class, ip -> ip.address().isLoopbackAddress());
    one("net.IP.isLinkLocalMulticast() bool", IpValue.class, ip -> ip.address().isMCLinkLocal());
    one("net.IP.isLinkLocalUnicast() bool", IpValue.class, ip -> ip.address().isLinkLocalAddress());
    one("net.IP.isGlobalUnicast() bool", IpValue.class, IpValue::isGlobalUnicast);
    one("cidr(string) net.CIDR", String.class, CidrValue::parse);
    one("isCIDR(string) bool", String.class, CidrValue::isOne);
    one("string(net.CIDR) string", CidrValue.class, CidrValue::text);
    one("net.CIDR.ip() net.IP", CidrValue.class, CidrValue::ip);
    one("net.CIDR.prefixLength() int", CidrValue.class, cidr -> (long) cidr.bits());
    one("net.CIDR.masked() net.CIDR", CidrValue.class, CidrValue::masked);
    two(
        "net.CIDR.containsIP(string) bool",
        CidrValue.class,
        String.class,
        (cidr, text) -> cidr.contains(IpValue.parse(text)));
    two("net.CIDR.containsIP(net.IP) bool", CidrValue.class, IpValue.class, CidrValue::contains);
    two(
        "net.CIDR.containsCIDR(string) bool",
        CidrValue.class,
        String.class,
        (cidr, text) -> cidr.contains(CidrValue.parse(text)));
    two(
        "net.CIDR.containsCIDR(net.CIDR) bool",
        CidrValue.class,
        CidrValue.class,
        (cidr, other) -> cidr.contains(other));
  }

  private void formats() {
    one("format.named(string) optional(kubernetes.NamedFormat)", String.class, NamedFormat::named);
    for (String name : NamedFormat.names()) {
      bindings.add(
          CelFunctionBinding.from(
              ID + "format." + name + "() kubernetes.NamedFormat",
              List.of(),
              _ -> new NamedFormat(name)));
    }
    two(
        "kubernetes.NamedFormat.validate(string) optional(list(string))",
        NamedFormat.class,
        String.class,
        NamedFormat::validate);
    one(
        "jsonpatch.escapeKey(string) string",
        String.class,
        text -> text.replace("~", "~0").replace("/", "~1"));
  }

  private void quantities() {
    String type = "kubernetes.Quantity";
    one("quantity(string) " + type, String.class, QuantityValue::parse);
    one("isQuantity(string) bool", String.class, QuantityValue::isOne);
    one(type + ".sign() int", QuantityValue.class, q -> (long) q.amount().signum());
    one(type + ".isInteger() bool", QuantityValue.class, QuantityValue::isInteger);
    one(type + ".asInteger() int", QuantityValue.class, QuantityValue::asInteger);
    one(type + ".asApproximateFloat() double", QuantityValue.class, q -> q.amount().doubleValue());
    compared(type, QuantityValue.class);
    for (String verb : List.of("add", "sub")) {
      boolean adds = verb.equals("add");
      String start = type + "." + verb;
      two(
          start + "(kubernetes.Quantity) kubernetes.Quantity",
          QuantityValue.class,
          QuantityValue.class,
          (one, other) -> adds ? one.plus(other.amount()) : one.plus(other.amount().negate()));
      two(
          start + "(int) kubernetes.Quantity",
          QuantityValue.class,
          Long.class,
          (one, other) -> one.plus(java.math.BigDecimal.valueOf(adds ? other : -other)));
    }
  }

  private <C extends Comparable<C>> void compared(String type, Class<C> values) {
    String other = "(" + type + ")";
    two(type + ".isGreaterThan" + other + " bool", values, values, (a, b) -> a.compareTo(b) > 0);
    two(type + ".isLessThan" + other + " bool", values, values, (a, b) -> a.compareTo(b) < 0);
    two(
        type + ".compareTo" + other + " int",
        values,
        values,
        (a, b) -> (long) Integer.signum(a.compareTo(b)));
  }

  @SuppressWarnings("rawtypes") // lists of anything
  private void texts() {
    two("string.find(string) string", String.class, String.class, Texts::find);
    two("string.format(dyn) string", String.class, List.class, TextFormat::format);
    two(
        "string.findAll(string) list(string)",
        String.class,
        String.class,
        (text, pattern) -> Texts.findAll(text, pattern, -1));
    bindings.add(
        CelFunctionBinding.from(
            ID + "string.findAll(string,int) list(string)",
            List.of(String.class, String.class, Long.class),
            all -> Texts.findAll((String) all[0], (String) all[1], (Long) all[2])));
  }

  private void versions() {
    String type = "kubernetes.Semver";
    one("semver(string) " + type, String.class, text -> SemverValue.parse(text, false));
    two("semver(string,bool) " + type, String.class, Boolean.class, SemverValue::parse);
    one("isSemver(string) bool", String.class, text -> SemverValue.isOne(text, false));
    two("isSemver(string,bool) bool", String.class, Boolean.class, SemverValue::isOne);
    one(type + ".major() int", SemverValue.class, version -> version.major());
    one(type + ".minor() int", SemverValue.class, version -> version.minor());
    one(type + ".patch() int", SemverValue.class, version -> version.patch());
    compared(type, SemverValue.class);
  }

  private void locations() {
    String type = "kubernetes.URL";
    one("url(string) " + type, String.class, UrlValue::parse);
    one("isURL(string) bool", String.class, UrlValue::isOne);
    one(type + ".getScheme() string", UrlValue.class, UrlValue::scheme);
    one(type + ".getHost() string", UrlValue.class, UrlValue::host);
    one(type + ".getHostname() string", UrlValue.class, UrlValue::hostname);
    one(type + ".getPort() string", UrlValue.class, UrlValue::port);
    one(type + ".getEscapedPath() string", UrlValue.class, UrlValue::path);
    one(type + ".getQuery() map(string,list(string))", UrlValue.class, UrlValue::query);
  }

  @SuppressWarnings("rawtypes") // lists of anything, as the language has them
  private void lists() {
    two("list(T).indexOf(T) int", List.class, Object.class, Texts::indexOf);
    two("list(T).lastIndexOf(T) int", List.class, Object.class, Texts::lastIndexOf);
    one("list(T).isSorted() bool", List.class, Texts::isSorted);
    one("list(T).max() T", List.class, list -> Texts.extreme(list, 1));
    one("list(T).min() T", List.class, list -> Texts.extreme(list, -1));
    one("list(int).sum() int", List.class, Texts::sumOfIntegers);
    one("list(double).sum() double", List.class, Texts::sumOfDoubles);
    one("list(duration).sum() duration", List.class, Functions::sumOfDurations);
    two(
        "dyn.includes(dyn) bool",
        Object.class,
        Object.class,
        (owner, value) ->
            owner instanceof List<?> list
                ? list.contains(value)
                : owner instanceof Map<?, ?> map
                    ? map.containsKey(value)
                    : Objects.equals(owner, value));
  }

  private static Duration sumOfDurations(List<?> list) {
    Duration sum = Duration.ZERO;
    for (Object each : list) {
      sum = sum.plus((Duration) each);
    }
    return sum;
  }
}
