/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of the control ABI. */
#ifndef ABI_ABI_H
#define ABI_ABI_H

#include "base.h"
#include "proto.h"
#include "messages.h"
#include "common.h"
#include "service.h"
#include "dest.h"
#include "laddr.h"
#include "acl.h"
#include "conn.h"
#include "addr.h"
#include "route.h"
#include "neigh.h"
#include "link.h"
#include "vlan.h"
#include "tunnel.h"
#include "flow.h"
#include "lldp.h"
#include "iftraf.h"
#include "stats6.h"
#include "tc.h"
#include "ipset.h"
#include "ealmem.h"
#include "agent.h"
#include "ext.h"
#include "batch.h"
#include "list.h"
#include "aclext.h"
#include "segment.h"
#include "timeouts.h"
#include "mark.h"
#include "load.h"

#endif
