// SPDX-License-Identifier: Apache-2.0
/// Fetches images from registries over the OCI distribution specification. Start at `Registries`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.registry;

import org.jspecify.annotations.NullMarked;
