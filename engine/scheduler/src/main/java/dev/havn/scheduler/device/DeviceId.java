// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

/// Names a device in the cluster.
public record DeviceId(String driver, String pool, String name) {}
