// SPDX-License-Identifier: Apache-2.0
/// Doors at which anybody may knock, kept so that nobody can hold them alone. Start with [Doorman].
///
/// May be imported by: the packages of `dev.havn.network`.
@NullMarked
package dev.havn.network.door;

import org.jspecify.annotations.NullMarked;
