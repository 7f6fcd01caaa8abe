// SPDX-License-Identifier: Apache-2.0
/// The figures that the documentation quotes, measured in one run beside a real Kubernetes API
/// server. Start at `Measure`; `verify/measure` runs it.
///
/// May be imported by: nobody.
@NullMarked
package dev.havn.verify.measure;

import org.jspecify.annotations.NullMarked;
