// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import dev.havn.scheduler.Scheduler;
import dev.havn.scheduler.profile.SchedulerConfiguration;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file that says how pods are placed, as kube-scheduler reads it.
final class SchedulerFile {
  private static final Logger LOG = LoggerFactory.getLogger(SchedulerFile.class);

  private SchedulerFile() {}

  /// A scheduler that places pods as the file of a configuration says.
  static Scheduler scheduler(
      World world, Configuration configuration, Informers informers, Api api) {
    return new Scheduler(
        informers, api, read(configuration.schedulerFile()), world.clock(), world.executor());
  }

  /// For the scheduler in the server's process. What it says and nobody follows is warned of.
  ///
  /// @param file or null for Kubernetes' own way
  /// @throws StartException in words that name the file
  static SchedulerConfiguration read(@Nullable Path file) {
    SchedulerConfiguration read = readForProcess(file);
    String what = "scheduler configuration {}: {} is for `havn scheduler` only: {}";
    if (read.leader().isGiven()) {
      LOG.warn(what, file, "leaderElection", "the key `scheduler` says when the one in Havn works");
    }
    if (!read.kubeconfig().isEmpty()) {
      LOG.warn(
          what, file, "clientConnection.kubeconfig", "the one in Havn places its cluster's pods");
    }
    return read;
  }

  /// For a scheduler in a process of its own.
  ///
  /// @throws StartException in words that name the file
  static SchedulerConfiguration readForProcess(@Nullable Path file) {
    if (file == null) {
      return SchedulerConfiguration.STANDARD;
    }
    String what = "scheduler configuration " + file;
    SchedulerConfiguration read = YamlFile.read(what, file, SchedulerConfiguration::of);
    read.warnings().forEach(each -> LOG.warn("{}: {}", what, each));
    return read;
  }
}
