// SPDX-License-Identifier: Apache-2.0
/// Devices of ResourceClaims, prepared by the drivers that offered them (KEP-3063, KEP-4381). Start
/// at `ResourceClaims`.
///
/// May be imported by: `dev.havn.node` and its packages.
@NullMarked
package dev.havn.node.claim;

import org.jspecify.annotations.NullMarked;
