// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;

/// What a cluster takes from outside itself. Real time and threads for `havn up`; one thread and
/// virtual time in a test.
public record World(
    InstantSource clock, ScheduledExecutorService executor, RandomGenerator random) {}
