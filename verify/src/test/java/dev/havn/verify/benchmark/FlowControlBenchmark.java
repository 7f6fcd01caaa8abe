// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.benchmark;

import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.RequestInfo;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.flowcontrol.FlowControl;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Registry;
import dev.havn.reconcile.VirtualTime;
import dev.havn.schema.BuiltinTypes;
import dev.havn.store.LogStore;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What priority and fairness costs a request that finds a seat, with the objects of a new cluster:
/// one of an administrator, which the first schema takes, and one of a user whom only the last but
/// one takes.
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FlowControlBenchmark {
  private static final RequestInfo INFO =
      new RequestInfo(
          "get", "", "v1", "default", "pods", "a", "", "", "/api/v1/namespaces/default/pods/a");
  private static final UserInfo ADMIN = new UserInfo("admin", List.of("system:masters"));
  private static final UserInfo USER =
      new UserInfo("jane", List.of("developers", "system:authenticated"));

  private final FlowControl control = control();

  private static FlowControl control() {
    VirtualTime time = new VirtualTime(Instant.EPOCH);
    LogStore store = LogStore.inMemory(time, time);
    FlowControl control =
        new FlowControl(
            new FlowControl.Settings(
                new Objects(store, new Registry(BuiltinTypes.load())),
                store,
                ConcurrencyLimits.STANDARD,
                () -> "00000000-0000-4000-8000-000000000000",
                time,
                time));
    control.bootstrap();
    control.start();
    return control;
  }

  @Benchmark
  public String anAdministrator() {
    return pass(ADMIN);
  }

  @Benchmark
  public String aUser() {
    return pass(USER);
  }

  private String pass(UserInfo user) {
    FlowControl.Place place = control.enter(INFO, user);
    place.seat().close();
    return place.levelUid();
  }
}
