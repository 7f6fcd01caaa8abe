// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.flowcontrol;

/// A request for which there is no seat, nor a place to wait for one.
public final class RejectedException extends RuntimeException {
  private final FlowControl.Place place;

  /// @param place where the request belongs
  RejectedException(String reason, FlowControl.Place place) {
    super(reason);
    this.place = place;
  }

  /// Where the request belongs; its seat is none.
  public FlowControl.Place place() {
    return place;
  }
}
