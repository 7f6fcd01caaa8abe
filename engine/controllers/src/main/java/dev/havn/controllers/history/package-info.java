// SPDX-License-Identifier: Apache-2.0
/// The former templates of StatefulSets and DaemonSets, kept as ControllerRevisions. Start at
/// [dev.havn.controllers.history.History].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.history;

import org.jspecify.annotations.NullMarked;
