// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Prefers nodes that have the images already, those of volumes too: by their size, and less where
/// few nodes have them, so that not all pods go there.
public final class ImageLocality implements Score {
  public static final String NAME = "ImageLocality";
  private static final long LEAST_BYTES = 23L << 20;
  private static final long MOST_BYTES_PER_CONTAINER = 1000L << 20;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    List<String> images = images(attempt.pod().pod().getSpec());
    images.removeIf(image -> attempt.cluster().nodesWithImage(image) == 0);
    if (images.isEmpty()) {
      return NONE;
    }
    PodSpec spec = attempt.pod().pod().getSpec();
    int containers = spec.getContainers().size() + spec.getInitContainers().size();
    long most = MOST_BYTES_PER_CONTAINER * containers;
    int all = attempt.cluster().nodes().size();
    long[] scores = new long[nodes.size()];
    for (int i = 0; i < scores.length; i++) {
      long sum = 0;
      for (String image : images) {
        long size = nodes.get(i).images().getOrDefault(image, 0L);
        sum += (long) (size * ((double) attempt.cluster().nodesWithImage(image) / all));
      }
      long bounded = Math.clamp(sum, LEAST_BYTES, most);
      scores[i] = MAX * (bounded - LEAST_BYTES) / (most - LEAST_BYTES);
    }
    return scores;
  }

  private static List<String> images(PodSpec spec) {
    List<String> images = new ArrayList<>();
    spec.getInitContainers().forEach(each -> images.add(name(each.getImage())));
    spec.getContainers().forEach(each -> images.add(name(each.getImage())));
    for (Volume each : spec.getVolumes()) {
      if (each.getImage() != null) {
        images.add(name(each.getImage().getReference()));
      }
    }
    return images;
  }

  /// Nodes say the tag.
  private static String name(@Nullable String said) {
    String image = said == null ? "" : said;
    return image.lastIndexOf(':') <= image.lastIndexOf('/') ? image + ":latest" : image;
  }
}
