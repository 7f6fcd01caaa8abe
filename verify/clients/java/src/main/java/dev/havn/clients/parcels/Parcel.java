// SPDX-License-Identifier: Apache-2.0
package dev.havn.clients.parcels;

import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Version;

/// Something that is on its way.
@Group("java.example.com")
@Version("v1")
public class Parcel extends CustomResource<ParcelSpec, ParcelStatus> implements Namespaced {}
