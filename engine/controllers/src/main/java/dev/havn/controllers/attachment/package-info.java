// SPDX-License-Identifier: Apache-2.0
/// Attaches volumes of CSI drivers to the nodes of the pods that use them, and detaches them after.
/// What is to be done for a node follows from `AttachmentPlan`; `AttachmentReconciler` finds out
/// what there is, and carries it out.
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.attachment;

import org.jspecify.annotations.NullMarked;
