// SPDX-License-Identifier: Apache-2.0
/// Expressions that users write (CEL), compiled in the environments that Kubernetes gives them.
/// Start reading at `Scope`.
///
/// The compiler is large and loads only when the first expression is met.
///
/// May be imported by: the rules of kinds.
@NullMarked
package dev.havn.schema.expression;

import org.jspecify.annotations.NullMarked;
