// SPDX-License-Identifier: Apache-2.0
/// The shared language of everything that watches and writes Kubernetes objects: reconcilers, work
/// queues, informers, leader election, selectors of labels and nodes. Start at `Reconciler`.
///
/// May be imported by: controllers, scheduler, node, network, ingress and every platform module.
@NullMarked
package dev.havn.reconcile;

import org.jspecify.annotations.NullMarked;
