// SPDX-License-Identifier: Apache-2.0
/// HTTP servers of others that have a say in where pods go, as kube-scheduler asks them: which
/// nodes will not do, which are better, who has to go, and who binds. Begin with [Extenders].
///
/// May be imported by: the scheduler's root and `profile`.
@NullMarked
package dev.havn.scheduler.extender;

import org.jspecify.annotations.NullMarked;
