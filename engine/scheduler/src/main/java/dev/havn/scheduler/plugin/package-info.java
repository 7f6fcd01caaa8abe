// SPDX-License-Identifier: Apache-2.0
/// What decides where a pod may stand ([Filter]) and where it stands best ([Score]): one small
/// class for each of kube-scheduler's plugins, with its name, its words and its arguments.
///
/// May be imported by: the scheduler's other packages.
@NullMarked
package dev.havn.scheduler.plugin;

import org.jspecify.annotations.NullMarked;
