// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// One direction of a policy as rules: each accepts, what none accepts goes on to the next policy.
///
/// @param own the pods that the policy selects
record PolicyText(
    Family family,
    Policies world,
    String name,
    boolean ingress,
    List<PolicyPod> own,
    Rules.Builder rules) {
  private static final int NAME_CHARS_MAX = 180;
  private static final String INGRESS = "ingress-";
  private static final String EGRESS = "egress-";

  String chain() {
    return chain(name, ingress);
  }

  static String chain(String policy, boolean ingress) {
    String full =
        (ingress ? INGRESS : EGRESS) + HexFormat.of().toHexDigits(policy.hashCode()) + "-" + policy;
    return full.substring(0, Math.min(NAME_CHARS_MAX, full.length()));
  }

  static boolean isChain(String name) {
    return name.startsWith(INGRESS) || name.startsWith(EGRESS);
  }

  void add(Allowance allowance) {
    List<String> lines = new ArrayList<>();
    List<String> peers = peers(allowance);
    for (String port : ports(allowance)) {
      for (String peer : peers) {
        lines.add((peer + port + "accept").strip());
      }
    }
    rules.chain(chain(), lines);
  }

  private String address() {
    return family.word() + (ingress ? " saddr " : " daddr ");
  }

  private List<String> peers(Allowance allowance) {
    if (allowance.peers().isEmpty()) {
      return List.of("");
    }
    List<String> texts = new ArrayList<>();
    String set = chain() + "_" + allowance.index();
    boolean hasPods = false;
    for (Allowance.Peer peer : allowance.peers()) {
      switch (peer) {
        case Allowance.Block block -> {
          if (Family.of(block.range()) == family) {
            boolean isAll = block.range().endsWith("/0");
            StringBuilder text = new StringBuilder(isAll ? "" : address() + block.range() + " ");
            block.except().stream()
                .filter(each -> Family.of(each) == family)
                .forEach(each -> text.append(address()).append("!= ").append(each).append(' '));
            texts.add(text.toString());
          }
        }
        case Allowance.Selected selected -> {
          for (PolicyPod pod : world.pods()) {
            if (!selected.means(pod, world)) {
              continue;
            }
            if (pod.port() == 0) {
              hasPods = true;
              rules.element(set, pod.address(), "");
            } else if (!ingress) {
              texts.add(
                  address()
                      + pod.address()
                      + " meta l4proto { tcp, udp } th dport "
                      + pod.port()
                      + " ");
            }
          }
        }
      }
    }
    if (hasPods) {
      rules.set(set, "{ type " + family.type() + "; }");
      texts.add(address() + "@" + set + " ");
    }
    return texts;
  }

  private List<String> ports(Allowance allowance) {
    if (allowance.ports().isEmpty()) {
      return List.of("");
    }
    List<String> texts = new ArrayList<>();
    String set = chain() + "_" + allowance.index() + "_ports";
    boolean hasNames = false;
    for (Allowance.Port port : allowance.ports()) {
      if (!port.name().isEmpty()) {
        // A name is looked up at the pod that is connected to.
        for (PolicyPod target : ingress ? own : world.pods()) {
          for (PolicyPod.NamedPort each : target.ports()) {
            if (each.name().equals(port.name()) && each.protocol().equals(port.protocol())) {
              hasNames = true;
              rules.element(
                  set, target.address() + " . " + each.protocol() + " . " + each.number(), "");
            }
          }
        }
      } else if (port.first() == 0) {
        texts.add("meta l4proto " + port.protocol() + " ");
      } else {
        texts.add(
            "meta l4proto "
                + port.protocol()
                + " th dport "
                + port.first()
                + (port.last() > port.first() ? "-" + port.last() : "")
                + " ");
      }
    }
    if (hasNames) {
      rules.set(set, "{ type " + family.type() + " . inet_proto . inet_service; }");
      texts.add(family.word() + " daddr . meta l4proto . th dport @" + set + " ");
    }
    return texts;
  }
}
