# SPDX-License-Identifier: Apache-2.0
"""The GraphQL schema: one module per area, beside the few things all areas share.

What the services answer is shown as it is: a GraphQL object wraps the contract's struct (`shape.Shown`) and adds
what a client needs on top, such as global ids and the names of people.
"""
