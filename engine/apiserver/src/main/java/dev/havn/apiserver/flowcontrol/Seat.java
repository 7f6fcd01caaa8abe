// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

/// What a request holds while it is handled.
public interface Seat extends AutoCloseable {
  /// The seat of a request that is not counted.
  Seat UNCOUNTED = () -> {};

  @Override
  void close();
}
