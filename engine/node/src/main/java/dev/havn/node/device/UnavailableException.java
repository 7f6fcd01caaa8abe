// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

/// A container cannot have the devices that it asks for, in the kubelet's words.
final class UnavailableException extends Exception {
  UnavailableException(String message) {
    super(message);
  }
}
