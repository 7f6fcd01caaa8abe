// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

/// Values as they are.
record Identity() implements Provider {
  @Override
  public String prefix() {
    return "";
  }

  @Override
  public byte[] encrypt(byte[] value, byte[] context) {
    return value;
  }

  @Override
  public Plain decrypt(byte[] sealed, byte[] context) {
    return new Plain(sealed, "");
  }
}
