// SPDX-License-Identifier: Apache-2.0
/// NetworkPolicies: who may connect to whom. [Policies] decides, and gives the rules by which the
/// kernel decides the same.
///
/// May be imported by: `dev.havn.network`.
@NullMarked
package dev.havn.network.policy;

import org.jspecify.annotations.NullMarked;
