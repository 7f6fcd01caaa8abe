// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.ConcurrencyLimits;
import dev.havn.apiserver.FeatureGates;
import dev.havn.apiserver.RuntimeConfig;
import dev.havn.node.cni.CniPlaces;
import dev.havn.schema.codec.GoDuration;
import dev.havn.server.Configuration.Leading;
import dev.havn.server.Configuration.RuntimeChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/// The YAML file of `havn up --config`: one mapping whose keys are the long flags without their
/// dashes, the names that kube-apiserver gives to files of its own, the options of
/// kube-controller-manager in [ControllerKeys], and `service-range`, `pod-range`,
/// `max-requests-inflight`, `max-mutating-requests-inflight`, `encryption-provider-config`,
/// `kubelet-config`, `node-network`, `registries-config`, `scheduler`, `scheduler-config`,
/// `cni-conf-dir`, `cni-bin-dir`, `load-balancer-range`, `pod-mtu`, and what is to be known about
/// an etcd. Everything else is refused, with the line.
public final class ConfigurationFile {
  private static final String READS = "max-requests-inflight";
  private static final String WRITES = "max-mutating-requests-inflight";
  private static final String CNI_FOLDER = "cni-conf-dir";
  private static final String CNI_PROGRAMS = "cni-bin-dir";
  private static final List<String> OF_OTHERS =
      List.of(
          "admission-control-config-file",
          "anonymous-auth",
          "audit-log-maxage",
          "audit-log-maxbackup",
          "audit-log-maxsize",
          "audit-log-path",
          "audit-policy-file",
          "authentication-config",
          "authentication-token-webhook-cache-ttl",
          "authentication-token-webhook-config-file",
          "authentication-token-webhook-version",
          "authorization-config",
          "bind",
          CNI_PROGRAMS,
          CNI_FOLDER,
          "enable-bootstrap-token-auth",
          "encryption-provider-config",
          "etcd-cafile",
          "etcd-certfile",
          "etcd-keyfile",
          "etcd-prefix",
          "feature-gates",
          "kubeconfig",
          "kubelet-config",
          BalancerRanges.NAME,
          READS,
          WRITES,
          "node-network",
          "nodes",
          PodMtu.NAME,
          "pod-range",
          "port",
          "registries-config",
          "runtime",
          "runtime-config",
          "scheduler",
          "scheduler-config",
          "service-range",
          "store");
  private static final List<String> KEYS =
      Stream.of(OF_OTHERS, ControllerKeys.NAMES).flatMap(List::stream).sorted().toList();
  private static final List<String> OF_NODES = List.of("registries-config", "runtime");
  private static final int MEBIBYTES_MAX = 1 << 20;
  private static final int BACKUPS_MAX = 10_000;
  private static final int DAYS_MAX = 36_500;
  private static final int PORT_MAX = 65_535;
  private static final int REQUESTS_MAX = 1_000_000;
  private static final String LARGE_RANGE = "([0-9]{1,3}\\.){2}0\\.0/([89]|1[0-5])";
  private static final String OTHER =
      ", or auto, or one of IPv6 such as %s; for two families one of each with a comma between";
  private static final String RANGE = "([0-9]{1,3}\\.){2}0\\.0/16";

  private final Path file;
  private final Map<String, Value> values = new LinkedHashMap<>();

  /// @param line counted from 1
  private record Value(String text, int line) {}

  private ConfigurationFile(Path file) {
    this.file = file;
  }

  /// What the file says, over `base` where it says nothing.
  public static Configuration read(Path file, Configuration base) {
    ConfigurationFile yaml = new ConfigurationFile(file);
    yaml.load();
    @Nullable Value kubeconfig = yaml.values.get("kubeconfig");
    return new Configuration(
        base.dataDirectory(),
        yaml.text("bind", base.bind(), text -> !text.isBlank(), "an address"),
        yaml.number("port", base.port(), 0, PORT_MAX),
        kubeconfig == null ? base.kubeconfig() : Path.of(kubeconfig.text()).toAbsolutePath(),
        yaml.number("nodes", base.nodes(), 1, Configuration.NODES_MAX),
        yaml.choice("runtime", RuntimeChoice.class, base.runtime()),
        yaml.store(base.store()),
        yaml.range("service-range", base.serviceRange()),
        yaml.podRange(base.podRange()),
        new ConcurrencyLimits(
            yaml.number(READS, base.requests().reads(), 1, REQUESTS_MAX),
            yaml.number(WRITES, base.requests().writes(), 1, REQUESTS_MAX),
            base.requests().patience()),
        yaml.api(base.api()),
        new ControllerKeys(yaml).read(base.controllers()),
        yaml.choice("scheduler", Leading.class, base.scheduler()),
        yaml.path("scheduler-config", base.schedulerFile()),
        yaml.path("registries-config", base.registriesFile()),
        yaml.path("kubelet-config", base.kubeletFile()),
        yaml.network(base.network()));
  }

  /// The same of a node that joins a cluster: what such a node would not follow is refused.
  public static Configuration readOfNode(Path file, Configuration base) {
    ConfigurationFile yaml = new ConfigurationFile(file);
    yaml.load();
    yaml.values.forEach(
        (key, value) -> {
          if (!OF_NODES.contains(key)) {
            throw yaml.refused(
                value.line(), key + " is for `havn up`: `havn join` follows " + OF_NODES);
          }
        });
    return read(file, base);
  }

  private NetworkChoice network(NetworkChoice base) {
    return new NetworkChoice(
        plugins(base.plugins()),
        text(
            BalancerRanges.NAME,
            base.balancers(),
            text -> text.matches("[0-9a-fA-F.:]+/[0-9]{1,3}(,[0-9a-fA-F.:]+/[0-9]{1,3})?"),
            "a range such as 192.168.99.0/24, and for two families one of each with a comma between"),
        base.formerBalancers(),
        choice("node-network", NetworkChoice.Nodes.class, base.nodes()),
        number(PodMtu.NAME, base.mtu(), PodMtu.BYTES_MIN, PodMtu.BYTES_MAX));
  }

  private @Nullable CniPlaces plugins(@Nullable CniPlaces base) {
    @Nullable Path folder = path(CNI_FOLDER, base == null ? null : base.configurations());
    @Nullable Value programs = values.get(CNI_PROGRAMS);
    if (folder == null) {
      if (programs != null) {
        throw refused(
            programs.line(), CNI_PROGRAMS + " goes with " + CNI_FOLDER + ", which is not given");
      }
      return null;
    }
    return new CniPlaces(
        folder,
        programs == null
            ? base == null ? CniPlaces.PROGRAMS : base.programs()
            : Stream.of(programs.text().split(":"))
                .map(each -> Path.of(each).toAbsolutePath())
                .toList());
  }

  private ApiFiles api(ApiFiles base) {
    ApiFiles.AuditFiles audit = base.audit();
    @Nullable Path policy = path("audit-policy-file", audit.policy());
    @Nullable Path log = path("audit-log-path", audit.log());
    if ((policy == null) != (log == null)) {
      @Nullable Value half = values.get(log == null ? "audit-policy-file" : "audit-log-path");
      throw refused(
          half == null ? 1 : half.line(), "audit-policy-file and audit-log-path go together");
    }
    return new ApiFiles(
        path("admission-control-config-file", base.admission()),
        new ApiFiles.AuditFiles(
            policy,
            log,
            number("audit-log-maxsize", audit.mebibytesMax(), 1, MEBIBYTES_MAX),
            number("audit-log-maxbackup", audit.backupsMax(), 0, BACKUPS_MAX),
            number("audit-log-maxage", audit.daysMax(), 0, DAYS_MAX)),
        runtimeConfig(base.runtimeConfig()),
        auth(base.auth()),
        gates(base.gates()));
  }

  private FeatureGates gates(FeatureGates base) {
    @Nullable Value value = values.get("feature-gates");
    if (value == null) {
      return base;
    }
    try {
      return FeatureGates.parse(value.text());
    } catch (IllegalArgumentException e) {
      throw refused(value.line(), "feature-gates: " + e.getMessage());
    }
  }

  private AuthFiles auth(AuthFiles base) {
    return new AuthFiles(
        path("authentication-config", base.authentication()),
        values.containsKey("anonymous-auth")
            ? Optional.of(flag("anonymous-auth", true))
            : base.anonymous(),
        flag("enable-bootstrap-token-auth", base.bootstrapTokens()),
        tokenWebhook(base.tokenWebhook()),
        path("authorization-config", base.authorization()));
  }

  private AuthFiles.TokenWebhook tokenWebhook(AuthFiles.TokenWebhook base) {
    String ttl =
        text(
            "authentication-token-webhook-cache-ttl",
            GoDuration.words(base.remembered()),
            each -> !each.startsWith("-") && GoDuration.parse(each).isPresent(),
            "a duration such as 2m0s");
    return new AuthFiles.TokenWebhook(
        path("authentication-token-webhook-config-file", base.kubeconfig()),
        text(
            "authentication-token-webhook-version",
            base.version(),
            each -> each.matches("v1|v1beta1"),
            "v1 or v1beta1"),
        GoDuration.parse(ttl).orElse(base.remembered()));
  }

  private boolean flag(String key, boolean otherwise) {
    String text =
        text(key, String.valueOf(otherwise), each -> each.matches("true|false"), "true or false");
    return text.equals("true");
  }

  private RuntimeConfig runtimeConfig(RuntimeConfig base) {
    @Nullable Value value = values.get("runtime-config");
    if (value == null) {
      return base;
    }
    try {
      return ApiFiles.runtimeConfig(value.text());
    } catch (IllegalArgumentException e) {
      throw refused(value.line(), "runtime-config: " + e.getMessage());
    }
  }

  private StoreChoice store(StoreChoice base) {
    StoreChoice place = base;
    @Nullable Value value = values.get("store");
    if (value != null) {
      try {
        place = base.at(value.text());
      } catch (IllegalArgumentException e) {
        throw refused(value.line(), "store '" + value.text() + "': " + e.getMessage());
      }
    }
    StoreChoice.EtcdOptions etcd =
        new StoreChoice.EtcdOptions(
            text(
                "etcd-prefix",
                base.etcd().prefix(),
                text -> text.matches("(/[A-Za-z0-9._-]+)+"),
                "a path such as /registry"),
            path("etcd-cafile", base.etcd().authority()),
            path("etcd-certfile", base.etcd().certificate()),
            path("etcd-keyfile", base.etcd().key()));
    if ((etcd.certificate() == null) != (etcd.key() == null)) {
      @Nullable Value half = values.get(etcd.key() == null ? "etcd-certfile" : "etcd-keyfile");
      throw refused(half == null ? 1 : half.line(), "etcd-certfile and etcd-keyfile go together");
    }
    return place.with(etcd, path("encryption-provider-config", base.encryption()));
  }

  private @Nullable Path path(String key, @Nullable Path otherwise) {
    @Nullable Value value = values.get(key);
    return value == null ? otherwise : Path.of(value.text()).toAbsolutePath();
  }

  private void load() {
    try {
      Optional<Node> root =
          new Compose(LoadSettings.builder().setLabel(file.toString()).build())
              .composeString(Files.readString(file));
      if (root.isEmpty()) {
        return;
      }
      if (!(root.get() instanceof MappingNode mapping)) {
        throw refused(line(root.get()), "a mapping is expected, with the keys " + KEYS);
      }
      mapping.getValue().forEach(this::add);
    } catch (NoSuchFileException e) {
      throw new StartException(
          "configuration " + file + " cannot be read: there is no such file", e);
    } catch (IOException e) {
      throw new StartException("configuration " + file + " cannot be read: " + e, e);
    } catch (YamlEngineException e) {
      String where = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
      throw new StartException("configuration " + file + " is no YAML: " + where, e);
    }
  }

  private void add(NodeTuple entry) {
    int line = line(entry.getKeyNode());
    String key = entry.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "";
    if (!KEYS.contains(key)) {
      throw refused(line, "unknown key '" + key + "': there are " + KEYS);
    }
    if (!(entry.getValueNode() instanceof ScalarNode value)) {
      throw refused(line, key + " must be a single value");
    }
    if (values.put(key, new Value(value.getValue(), line)) != null) {
      throw refused(line, key + " is given a second time");
    }
  }

  private static int line(Node node) {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
  }

  private StartException refused(int line, String why) {
    return new StartException("configuration " + file + " line " + line + ": " + why);
  }

  private StartException expected(String key, Value value, String what) {
    return refused(value.line(), key + " must be " + what + ", not '" + value.text() + "'");
  }

  String text(String key, String otherwise, Predicate<String> isGood, String what) {
    @Nullable Value value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (!isGood.test(value.text())) {
      throw expected(key, value, what);
    }
    return value.text();
  }

  /// May be larger, for thousands of nodes.
  private String podRange(String otherwise) {
    return text(
        "pod-range",
        otherwise,
        text -> isRange(text, each -> each.matches(RANGE) || each.matches(LARGE_RANGE)),
        "an IPv4 range such as 10.244.0.0/16, of 8 to 16 bits"
            + OTHER.formatted("fd00:10:244::/48"));
  }

  private String range(String key, String otherwise) {
    return text(
        key,
        otherwise,
        text -> isRange(text, each -> each.matches(RANGE)),
        "an IPv4 range such as 10.96.0.0/16" + OTHER.formatted("fd00:10:96::/112"));
  }

  /// One range, or one of each family with a comma between; what those of IPv6 are worth is looked
  /// at later.
  private static boolean isRange(String text, Predicate<String> isFour) {
    List<String> parts = List.of(text.split(",", -1));
    return parts.size() <= 2
        && parts.stream()
            .allMatch(
                each -> each.equals(AddressRanges.AUTO) || each.contains(":") || isFour.test(each))
        && parts.stream().filter(isFour).count() <= 1;
  }

  int number(String key, int otherwise, int least, int most) {
    @Nullable Value value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value.text().matches("[0-9]{1,9}")) {
      int number = Integer.parseInt(value.text());
      if (number >= least && number <= most) {
        return number;
      }
    }
    throw expected(key, value, "a whole number from " + least + " to " + most);
  }

  <E extends Enum<E>> E choice(String key, Class<E> type, E otherwise) {
    @Nullable Value value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    for (E each : type.getEnumConstants()) {
      if (each.name().equals(value.text().toUpperCase(Locale.ROOT))) {
        return each;
      }
    }
    String all = Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT);
    throw expected(key, value, "one of " + all);
  }
}
