// SPDX-License-Identifier: Apache-2.0
/// The `havn` command. The contract is `docs/guide/cluster.md`.
///
/// May be imported by: nobody.
@NullMarked
package dev.havn.cli;

import org.jspecify.annotations.NullMarked;
