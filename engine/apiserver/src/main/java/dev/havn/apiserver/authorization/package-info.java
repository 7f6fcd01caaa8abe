// SPDX-License-Identifier: Apache-2.0
/// May they: RBAC with the default roles.
@NullMarked
package dev.havn.apiserver.authorization;

import org.jspecify.annotations.NullMarked;
