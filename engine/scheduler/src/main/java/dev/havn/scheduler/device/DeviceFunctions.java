// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// What Kubernetes adds to the language for devices: quantities and versions. The API server has
/// checked the types; here all is known by what it is.
final class DeviceFunctions {
  private static final CelType ANY = SimpleType.DYN;
  private static final List<CelFunctionDecl> DECLARED = new ArrayList<>();
  private static final List<CelFunctionBinding> BOUND = new ArrayList<>();

  static {
    global("quantity", ANY, Amount::parse);
    global("isQuantity", SimpleType.BOOL, Amount::isOne);
    versions("semver", ANY, Version::parse);
    versions("isSemver", SimpleType.BOOL, Version::isOne);
    member("sign", SimpleType.INT, each -> (long) amount(each).signum());
    member("isInteger", SimpleType.BOOL, each -> amount(each).stripTrailingZeros().scale() <= 0);
    member("asInteger", SimpleType.INT, each -> amount(each).longValueExact());
    member("asApproximateFloat", SimpleType.DOUBLE, each -> amount(each).doubleValue());
    member("major", SimpleType.INT, each -> ((Version) each).major());
    member("minor", SimpleType.INT, each -> ((Version) each).minor());
    member("patch", SimpleType.INT, each -> ((Version) each).patch());
    members("compareTo", SimpleType.INT, (a, b) -> (long) Integer.signum(compare(a, b)));
    members("isLessThan", SimpleType.BOOL, (a, b) -> compare(a, b) < 0);
    members("isGreaterThan", SimpleType.BOOL, (a, b) -> compare(a, b) > 0);
    members("add", ANY, (a, b) -> new Amount(amount(a).add(amount(b))));
    members("sub", ANY, (a, b) -> new Amount(amount(a).subtract(amount(b))));
  }

  private DeviceFunctions() {}

  static List<CelFunctionDecl> declarations() {
    return DECLARED;
  }

  static List<CelFunctionBinding> bindings() {
    return BOUND;
  }

  private static BigDecimal amount(Object value) {
    return value instanceof Long whole ? BigDecimal.valueOf(whole) : ((Amount) value).value();
  }

  private static int compare(Object one, Object other) {
    return one instanceof Version version
        ? version.compareTo((Version) other)
        : ((Amount) one).compareTo((Amount) other);
  }

  private static void global(
      String name, CelType result, CelFunctionOverload.Unary<String> function) {
    String id = name + "_string";
    DECLARED.add(
        CelFunctionDecl.newFunctionDeclaration(
            name, CelOverloadDecl.newGlobalOverload(id, result, SimpleType.STRING)));
    BOUND.add(CelFunctionBinding.from(id, String.class, function));
  }

  private static void versions(
      String name, CelType result, CelFunctionOverload.Binary<String, Boolean> function) {
    String id = name + "_string";
    String other = name + "_string_bool";
    DECLARED.add(
        CelFunctionDecl.newFunctionDeclaration(
            name,
            CelOverloadDecl.newGlobalOverload(id, result, SimpleType.STRING),
            CelOverloadDecl.newGlobalOverload(other, result, SimpleType.STRING, SimpleType.BOOL)));
    BOUND.addAll(
        CelFunctionBinding.fromOverloads(
            name,
            CelFunctionBinding.from(id, String.class, text -> function.apply(text, false)),
            CelFunctionBinding.from(other, String.class, Boolean.class, function)));
  }

  private static void member(
      String name, CelType result, CelFunctionOverload.Unary<Object> function) {
    String id = "dyn_" + name;
    DECLARED.add(
        CelFunctionDecl.newFunctionDeclaration(
            name, CelOverloadDecl.newMemberOverload(id, result, ANY)));
    BOUND.add(CelFunctionBinding.from(id, Object.class, function));
  }

  private static void members(
      String name, CelType result, CelFunctionOverload.Binary<Object, Object> function) {
    String id = "dyn_" + name + "_dyn";
    DECLARED.add(
        CelFunctionDecl.newFunctionDeclaration(
            name, CelOverloadDecl.newMemberOverload(id, result, ANY, ANY)));
    BOUND.add(CelFunctionBinding.from(id, Object.class, Object.class, function));
  }
}
