/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result codes of the control path. Numbers are those of the control ABI (abi/proto.h holds them as EDPVS_*):
 * functions of the control path return 0 or one of these negative numbers, and handlers pass them to the
 * client unchanged.
 */
#ifndef CORE_ERRORS_H
#define CORE_ERRORS_H

#include "abi/proto.h"

#endif
