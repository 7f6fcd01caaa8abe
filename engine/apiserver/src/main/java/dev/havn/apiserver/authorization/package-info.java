// SPDX-License-Identifier: Apache-2.0
/// May they: RBAC with the default roles.
///
/// May be imported by: `dev.havn.apiserver`.
@NullMarked
package dev.havn.apiserver.authorization;

import org.jspecify.annotations.NullMarked;
