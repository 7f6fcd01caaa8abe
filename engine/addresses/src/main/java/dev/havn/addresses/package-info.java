// SPDX-License-Identifier: Apache-2.0
/// Families and ranges of IP addresses, as numbers and as texts. Start at `Ranges`.
///
/// May be imported by: everybody; it imports nothing of Havn.
@NullMarked
package dev.havn.addresses;

import org.jspecify.annotations.NullMarked;
