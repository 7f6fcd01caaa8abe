// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.controllers.Controllers;
import dev.havn.controllers.autoscaling.ScalingOptions;
import dev.havn.controllers.nodes.NodeOptions;
import dev.havn.controllers.nodes.NodeOptions.EvictionRates;
import dev.havn.schema.codec.GoDuration;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/// The keys of a configuration file that are options of kube-controller-manager. What that takes
/// and nothing could work with is refused.
record ControllerKeys(ConfigurationFile file) {
  private static final String LEADING = "controller-manager";
  private static final String SIGNING = "cluster-signing-duration";
  private static final String SCALING = "horizontal-pod-autoscaler-";
  private static final String SCALING_CPU = SCALING + "cpu-initialization-period";
  private static final String SCALING_DOWN = SCALING + "downscale-stabilization";
  private static final String SCALING_PERIOD = SCALING + "sync-period";
  private static final String SCALING_READINESS = SCALING + "initial-readiness-delay";
  private static final String SCALING_TOLERANCE = SCALING + "tolerance";
  private static final String LARGE = "large-cluster-size-threshold";
  private static final String RATE = "node-eviction-rate";
  private static final String GRACE = "node-monitor-grace-period";
  private static final String LOOK = "node-monitor-period";
  private static final String START = "node-startup-grace-period";
  private static final String UNHEALTHY_RATE = "secondary-node-eviction-rate";
  private static final String FINISHED = "terminated-pod-gc-threshold";
  private static final String UNHEALTHY = "unhealthy-zone-threshold";

  static final List<String> NAMES =
      List.of(
          LEADING,
          SIGNING,
          SCALING_CPU,
          SCALING_DOWN,
          SCALING_PERIOD,
          SCALING_READINESS,
          SCALING_TOLERANCE,
          LARGE,
          RATE,
          GRACE,
          LOOK,
          START,
          UNHEALTHY_RATE,
          FINISHED,
          UNHEALTHY);

  /// Whoever looks more often does nothing else.
  private static final Duration PERIOD_MIN = Duration.ofMillis(100);

  /// How often a node says that it lives.
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private static final int COUNT_MAX = 999_999_999;

  ControllerChoice read(ControllerChoice base) {
    Controllers.Options options = base.options();
    return new ControllerChoice(
        file.choice(LEADING, Configuration.Leading.class, base.leading()),
        new Controllers.Options(
            nodes(options.nodes()),
            scaling(options.scaling()),
            finishedPods(options.finishedPods()),
            duration(SIGNING, options.certificates(), Duration::isPositive, "8760h")));
  }

  /// Kubernetes turns it off by what is not above 0.
  private int finishedPods(int base) {
    String text =
        file.text(
            FINISHED,
            String.valueOf(base),
            each -> each.matches("-?[0-9]{1,9}"),
            "a whole number such as 12500, 0 for no bound");
    return Integer.parseInt(text);
  }

  private NodeOptions nodes(NodeOptions base) {
    EvictionRates rates = base.rates();
    return new NodeOptions(
        period(LOOK, base.lookEvery(), "5s"),
        duration(
            GRACE,
            base.grace(),
            each -> each.compareTo(HEARTBEAT) > 0,
            "50s, longer than the 10s after which a node says again that it lives"),
        duration(START, base.start(), Duration::isPositive, "1m0s"),
        new EvictionRates(
            amount(RATE, rates.usual(), "0.1"),
            amount(UNHEALTHY_RATE, rates.unhealthy(), "0.01"),
            (float) amount(UNHEALTHY, rates.unhealthyShare(), "0.55"),
            file.number(LARGE, rates.smallNodes(), 0, COUNT_MAX)));
  }

  private ScalingOptions scaling(ScalingOptions base) {
    return new ScalingOptions(
        period(SCALING_PERIOD, base.period(), "15s"),
        amount(SCALING_TOLERANCE, base.tolerance(), "0.1"),
        time(SCALING_DOWN, base.downWindow(), "5m0s"),
        time(SCALING_CPU, base.cpuInitialization(), "5m0s"),
        time(SCALING_READINESS, base.initialReadiness(), "30s"));
  }

  private Duration period(String key, Duration base, String example) {
    return duration(
        key, base, each -> each.compareTo(PERIOD_MIN) >= 0, example + ", at least 100ms");
  }

  private Duration time(String key, Duration base, String example) {
    return duration(key, base, each -> !each.isNegative(), example);
  }

  private Duration duration(String key, Duration base, Predicate<Duration> isGood, String example) {
    String text =
        file.text(
            key,
            GoDuration.words(base),
            each -> GoDuration.parse(each).filter(isGood).isPresent(),
            "a duration such as " + example);
    return GoDuration.parse(text).orElse(base);
  }

  private double amount(String key, double base, String example) {
    String text =
        file.text(
            key,
            BigDecimal.valueOf(base).toPlainString(),
            each -> each.matches("[0-9]{1,9}(\\.[0-9]{1,12})?|\\.[0-9]{1,12}"),
            "a number such as " + example + ", not below 0");
    return Double.parseDouble(text);
  }
}
