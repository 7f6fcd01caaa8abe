// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress;

import dev.havn.ingress.proxy.Limits;
import dev.havn.ingress.proxy.Proxy;

/// The one proxy for all that comes from outside. Nothing listens before somebody shows a door.
public final class DataPlane implements AutoCloseable {
  private final Proxy proxy;
  private final Doors doors;

  public DataPlane(Exposure exposure) {
    this.proxy = new Proxy(Limits.USUAL);
    this.doors = new Doors(proxy, exposure);
  }

  Doors doors() {
    return doors;
  }

  public Proxy.Figures figures() {
    return proxy.figures();
  }

  @Override
  public void close() {
    doors.close();
  }
}
