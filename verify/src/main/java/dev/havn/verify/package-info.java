// SPDX-License-Identifier: Apache-2.0
/// What proves the rest: architecture rules, the walk-through with the real binary, crash tests,
/// differential tests, benchmarks.
///
/// May be imported by: nobody.
@NullMarked
package dev.havn.verify;

import org.jspecify.annotations.NullMarked;
