// SPDX-License-Identifier: Apache-2.0
/// Keeps a number of pods of one template alive: what ReplicaSet and ReplicationController have in
/// common, and both of them. Start at [dev.havn.controllers.replicas.ReplicaPlan].
///
/// May be imported by: `dev.havn.controllers`.
@NullMarked
package dev.havn.controllers.replicas;

import org.jspecify.annotations.NullMarked;
