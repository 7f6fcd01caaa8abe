// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.server.Scenario.Act;
import dev.havn.server.Scenario.Place;
import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// One for each kind that has a controller.
final class Scenarios {
  private static final String TEMPLATE =
      """
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec:
            terminationGracePeriodSeconds: 0
            containers: [{name: c, image: 'example/web:1'}]
      """;

  private Scenarios() {}

  static String workload(String kind, String more) {
    return "apiVersion: apps/v1\nkind: "
        + kind
        + "\nmetadata: {name: web, namespace: NS}\nspec:\n"
        + more.indent(2)
        + TEMPLATE.indent(0);
  }

  static List<Pod> pods(Place place) {
    return place.client().pods().inNamespace(place.name()).list().getItems();
  }

  private static boolean runs(Pod pod) {
    return pod.getStatus().getConditions().stream()
        .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  /// How many pods run of which image.
  private static Map<String, Integer> running(Place place) {
    Map<String, Integer> running = new TreeMap<>();
    for (Pod pod : pods(place)) {
      running.merge(
          pod.getSpec().getContainers().getFirst().getImage() + (runs(pod) ? "" : " not ready"),
          1,
          Integer::sum);
    }
    return running;
  }

  static Map<String, @Nullable Object> facts(Object... pairs) {
    Map<String, @Nullable Object> facts = new TreeMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      facts.put(String.valueOf(pairs[i]), pairs[i + 1]);
    }
    return facts;
  }

  private static <T extends HasMetadata> T web(Place place, Class<T> type) {
    return Objects.requireNonNull(
        place.client().resources(type).inNamespace(place.name()).withName("web").get());
  }

  private static <T extends HasMetadata> Act edit(Class<T> type, Consumer<T> to) {
    return place ->
        place
            .client()
            .resources(type)
            .inNamespace(place.name())
            .withName("web")
            .edit(
                each -> {
                  to.accept(each);
                  return each;
                });
  }

  private static int or0(@Nullable Integer number) {
    return number == null ? 0 : number;
  }

  static Scenario deployment() {
    return Scenario.of(
        place -> {
          Deployment web = web(place, Deployment.class);
          Map<String, Integer> sets = new TreeMap<>();
          for (ReplicaSet set :
              place.client().apps().replicaSets().inNamespace(place.name()).list().getItems()) {
            if (set.getSpec().getReplicas() > 0) {
              sets.put(
                  set.getSpec().getTemplate().getSpec().getContainers().getFirst().getImage(),
                  set.getSpec().getReplicas());
            }
          }
          return facts(
              "running",
              running(place),
              "sets",
              sets,
              "available",
              web.getStatus().getAvailableReplicas(),
              "updated",
              web.getStatus().getUpdatedReplicas());
        },
        Scenario.make(workload("Deployment", "replicas: 3")),
        edit(
            Deployment.class,
            web ->
                web.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .getFirst()
                    .setImage("example/web:2")),
        edit(Deployment.class, web -> web.getSpec().setReplicas(5)));
  }

  static Scenario replicaSet() {
    return Scenario.of(
        place ->
            facts(
                "running",
                running(place),
                "ready",
                web(place, ReplicaSet.class).getStatus().getReadyReplicas()),
        Scenario.make(workload("ReplicaSet", "replicas: 4")),
        edit(ReplicaSet.class, web -> web.getSpec().setReplicas(1)),
        edit(ReplicaSet.class, web -> web.getSpec().setReplicas(3)));
  }

  static Scenario statefulSet() {
    return Scenario.of(
        place ->
            facts(
                "running",
                running(place),
                "names",
                new TreeSet<>(pods(place).stream().map(p -> p.getMetadata().getName()).toList()),
                "updated",
                web(place, StatefulSet.class).getStatus().getUpdatedReplicas()),
        Scenario.make(workload("StatefulSet", "serviceName: web\nreplicas: 2")),
        edit(
            StatefulSet.class,
            web ->
                web.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .getFirst()
                    .setImage("example/web:2")),
        edit(StatefulSet.class, web -> web.getSpec().setReplicas(3)));
  }

  static Scenario daemonSet() {
    return Scenario.of(
        place ->
            facts(
                "running",
                running(place),
                "ready",
                web(place, DaemonSet.class).getStatus().getNumberReady()),
        Scenario.make(workload("DaemonSet", "minReadySeconds: 0")),
        edit(
            DaemonSet.class,
            web ->
                web.getSpec()
                    .getTemplate()
                    .getSpec()
                    .getContainers()
                    .getFirst()
                    .setImage("example/web:2")));
  }

  /// Every pod that runs succeeds.
  private static void succeed(Place place) {
    for (Pod pod : pods(place)) {
      if (runs(pod)) {
        Pod ended =
            new PodBuilder(pod)
                .editStatus()
                .withPhase("Succeeded")
                .withConditions()
                .withContainerStatuses()
                .endStatus()
                .build();
        place.client().resource(ended).patchStatus();
      }
    }
  }

  static Scenario job() {
    return Scenario.of(
            place -> {
              Job web = web(place, Job.class);
              return facts(
                  "complete",
                  web.getStatus().getConditions().stream()
                      .anyMatch(
                          c -> c.getType().equals("Complete") && c.getStatus().equals("True")),
                  "succeeded",
                  web.getStatus().getSucceeded(),
                  "active",
                  or0(web.getStatus().getActive()),
                  "held",
                  pods(place).stream().anyMatch(p -> !p.getMetadata().getFinalizers().isEmpty()));
            },
            Scenario.make(
                """
                apiVersion: batch/v1
                kind: Job
                metadata: {name: web, namespace: NS}
                spec:
                  completions: 4
                  parallelism: 2
                  backoffLimit: 1000
                  template:
                    spec:
                      restartPolicy: Never
                      terminationGracePeriodSeconds: 0
                      containers: [{name: c, image: 'example/web:1'}]
                """))
        .playing(Scenarios::succeed);
  }

  static Scenario cronJob() {
    return Scenario.of(
            place -> {
              List<Job> jobs =
                  place.client().batch().v1().jobs().inNamespace(place.name()).list().getItems();
              return facts(
                  "kept",
                  jobs.size(),
                  "active",
                  web(place, CronJob.class).getStatus().getActive().size());
            },
            Scenario.make(
                """
                apiVersion: batch/v1
                kind: CronJob
                metadata: {name: web, namespace: NS}
                spec:
                  schedule: '* * * * *'
                  successfulJobsHistoryLimit: 1
                  jobTemplate:
                    spec:
                      backoffLimit: 1000
                      template:
                        spec:
                          restartPolicy: Never
                          terminationGracePeriodSeconds: 0
                          containers: [{name: c, image: 'example/web:1'}]
                """))
        .playing(Scenarios::succeed);
  }

  static Scenario autoscaler() {
    return Scenario.of(
        place ->
            facts(
                "wanted",
                web(place, Deployment.class).getSpec().getReplicas(),
                "running",
                running(place)),
        Scenario.make(workload("Deployment", "replicas: 1")),
        Scenario.make(
            """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web, namespace: NS}
            spec:
              scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
              minReplicas: 3
              maxReplicas: 5
              metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
            """));
  }

  static Scenario budget() {
    return Scenario.of(
        place -> {
          PodDisruptionBudgetStatus status = web(place, PodDisruptionBudget.class).getStatus();
          return facts(
              "expected",
              status.getExpectedPods(),
              "healthy",
              status.getCurrentHealthy(),
              "desired",
              status.getDesiredHealthy(),
              "allowed",
              status.getDisruptionsAllowed());
        },
        Scenario.make(
            """
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: web, namespace: NS}
            spec:
              maxUnavailable: 50%
              selector: {matchLabels: {app: web}}
            """),
        Scenario.make(workload("Deployment", "replicas: 2")),
        edit(Deployment.class, web -> web.getSpec().setReplicas(4)));
  }

  private static Scenario service(Function<Place, List<String>> addresses) {
    return Scenario.of(
        place -> {
          List<String> shown = addresses.apply(place).stream().sorted().toList();
          List<String> there =
              pods(place).stream().map(pod -> pod.getStatus().getPodIP()).sorted().toList();
          return facts("all", shown.equals(there), "count", shown.size());
        },
        Scenario.make(
            """
            apiVersion: v1
            kind: Service
            metadata: {name: web, namespace: NS}
            spec:
              selector: {app: web}
              ports: [{port: 80}]
            """),
        Scenario.make(workload("Deployment", "replicas: 2")),
        edit(Deployment.class, web -> web.getSpec().setReplicas(4)));
  }

  static Scenario endpointSlices() {
    return service(
        place ->
            place
                .client()
                .resources(EndpointSlice.class)
                .inNamespace(place.name())
                .list()
                .getItems()
                .stream()
                .flatMap(slice -> slice.getEndpoints().stream())
                .flatMap(endpoint -> endpoint.getAddresses().stream())
                .toList());
  }

  static Scenario endpoints() {
    return service(
        place ->
            web(place, Endpoints.class).getSubsets().stream()
                .flatMap(subset -> subset.getAddresses().stream())
                .map(EndpointAddress::getIp)
                .toList());
  }

  static Scenario quota() {
    return Scenario.of(
        place -> new TreeMap<>(web(place, ResourceQuota.class).getStatus().getUsed()),
        Scenario.make(
            """
            apiVersion: v1
            kind: ResourceQuota
            metadata: {name: web, namespace: NS}
            spec: {hard: {pods: 10, configmaps: 5, count/deployments.apps: 3}}
            """),
        Scenario.make(workload("Deployment", "replicas: 3")),
        Scenario.make("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: NS}"),
        place -> place.client().configMaps().inNamespace(place.name()).withName("a").delete(),
        edit(Deployment.class, web -> web.getSpec().setReplicas(2)));
  }

  /// Pods of nobody that fit are taken over; one that does not fit any more is let go.
  static Scenario replicationController() {
    String template =
        """
        apiVersion: v1
        kind: ReplicationController
        metadata: {name: web, namespace: NS}
        spec:
          replicas: 3
          selector: {app: web}
          template:
            metadata: {labels: {app: web}}
            spec:
              terminationGracePeriodSeconds: 0
              containers: [{name: c, image: 'example/web:1'}]
        """;
    String pods = "/api/v1/namespaces/NS/pods";
    return Scenario.of(
            place -> {
              Map<String, Integer> owners = new TreeMap<>();
              for (Pod pod : pods(place)) {
                String app = pod.getMetadata().getLabels().get("app");
                owners.merge(app + pod.getMetadata().getOwnerReferences().size(), 1, Integer::sum);
              }
              return facts(
                  "running",
                  running(place),
                  "owners",
                  owners,
                  "status",
                  web(place, ReplicationController.class).getStatus().getReadyReplicas());
            },
            Scenario.make(template),
            place ->
                place.names(pods).stream()
                    .limit(1)
                    .forEach(
                        pod -> place.patch(pods + "/" + pod, "metadata: {ownerReferences: null}")),
            edit(ReplicationController.class, web -> web.getSpec().setReplicas(1)),
            edit(ReplicationController.class, web -> web.getSpec().setReplicas(4)))
        .playing(Scenarios::loosen);
  }

  /// Somebody wants one pod for himself.
  private static void loosen(Place place) {
    List<Pod> pods = pods(place);
    boolean hasOne =
        pods.stream().anyMatch(pod -> pod.getMetadata().getLabels().get("app").equals("other"));
    if (!hasOne && !pods.isEmpty()) {
      place.patch(
          "/api/v1/namespaces/NS/pods/" + pods.getFirst().getMetadata().getName(),
          "metadata: {labels: {app: other}}");
    }
  }

  private static Act jobWithTtl(String name, String ttl) {
    return Scenario.make(
        """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: %s, namespace: NS}
        spec:
          backoffLimit: 1000
          %s
          template:
            spec:
              restartPolicy: Never
              terminationGracePeriodSeconds: 0
              containers: [{name: c, image: 'example/web:1'}]
        """
            .formatted(name, ttl));
  }

  static Scenario ttlAfterFinished() {
    String jobs = "/apis/batch/v1/namespaces/NS/jobs";
    return Scenario.of(
            place ->
                facts(
                    "jobs",
                    place.names(jobs),
                    "pods left",
                    pods(place).stream()
                        .map(pod -> pod.getMetadata().getLabels().get("job-name"))
                        .filter(job -> !place.has(jobs + "/" + job))
                        .toList()),
            jobWithTtl("goes", "ttlSecondsAfterFinished: 10"),
            jobWithTtl("stays", "completions: 1"),
            jobWithTtl("stays-long", "ttlSecondsAfterFinished: 86400"),
            jobWithTtl("goes-after-all", "ttlSecondsAfterFinished: 86400"),
            Scenario.pass(Duration.ofSeconds(20)),
            Scenario.pass(Duration.ofSeconds(5)),
            Scenario.pass(Duration.ofSeconds(10)),
            Scenario.patch(jobs + "/goes-after-all", "spec: {ttlSecondsAfterFinished: 0}"))
        .playing(Scenarios::succeed);
  }
}
