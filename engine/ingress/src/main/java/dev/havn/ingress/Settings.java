// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.reconcile.Api;
import java.time.InstantSource;
import java.util.concurrent.ScheduledExecutorService;

/// What all that serves requests from outside is given.
///
/// @param api that may write statuses, events and, where the exposure is balanced, Services
public record Settings(
    Exposure exposure, Api api, InstantSource clock, ScheduledExecutorService executor) {}
