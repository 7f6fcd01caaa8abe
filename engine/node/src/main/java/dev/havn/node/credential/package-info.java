// SPDX-License-Identifier: Apache-2.0
/// Who may pull what from a registry: the files of Docker's client, as Secrets and on the node.
/// Start at `Keyring`.
///
/// May be imported by: `dev.havn.node` and its packages, `server`.
@NullMarked
package dev.havn.node.credential;

import org.jspecify.annotations.NullMarked;
