// SPDX-License-Identifier: Apache-2.0
/// The composition root: reads as one page what a Havn is made of.
///
/// May be imported by: `cli` and `junit`.
@NullMarked
package dev.havn.server;

import org.jspecify.annotations.NullMarked;
