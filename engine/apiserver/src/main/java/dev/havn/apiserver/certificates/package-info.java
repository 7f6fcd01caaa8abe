// SPDX-License-Identifier: Apache-2.0
/// The cluster's own certificate authority and what it issues. Start at `Authority`.
///
/// May be imported by: `server`, `dev.havn.apiserver.authorization`.
@NullMarked
package dev.havn.apiserver.certificates;

import org.jspecify.annotations.NullMarked;
