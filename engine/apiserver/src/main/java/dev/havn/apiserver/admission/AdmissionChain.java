// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import java.util.List;

/// Plugins in their order: all of them admit, then all of them validate.
public record AdmissionChain(List<Admission> plugins) implements Admission {
  @Override
  public void admit(Write write) {
    plugins.forEach(each -> each.admit(write));
  }

  @Override
  public void validate(Write write) {
    plugins.forEach(each -> each.validate(write));
  }

  @Override
  public void evict(Write write) {
    plugins.forEach(each -> each.evict(write));
  }
}
