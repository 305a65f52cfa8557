# SPDX-License-Identifier: Apache-2.0
"""What is measured beside its peers on the same machine: ratios can be compared, absolute figures cannot."""
