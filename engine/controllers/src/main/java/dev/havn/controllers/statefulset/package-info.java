// SPDX-License-Identifier: Apache-2.0
/// Keeps the pods of StatefulSets, each with a name and claims of its own. Start at
/// [dev.havn.controllers.statefulset.SetPlan].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.statefulset;

import org.jspecify.annotations.NullMarked;
