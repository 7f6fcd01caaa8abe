// SPDX-License-Identifier: Apache-2.0
/// Kubernetes' conformance suite, run on Havn: which of its tests pass stands in
/// `verify/conformance.txt`.
///
/// May be imported by: nothing but tests.
@NullMarked
package dev.havn.verify.conformance;

import org.jspecify.annotations.NullMarked;
