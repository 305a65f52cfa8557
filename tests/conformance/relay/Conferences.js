// SPDX-License-Identifier: Apache-2.0
// What an app with Relay writes; relay-compiler must accept it for our schema. Never run.
import { graphql } from 'react-relay';

export const query = graphql`
  query ConferencesQuery($count: Int!, $cursor: String, $conference: ID!) {
    ...Conferences_list @arguments(count: $count, cursor: $cursor)
    ...Conferences_ideas
    viewer {
      kind
    }
    conference(id: $conference) {
      ...Conferences_evening
    }
  }
`;

export const list = graphql`
  fragment Conferences_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "ConferencesListPaginationQuery") {
    conferences(first: $count, after: $cursor) @connection(key: "Conferences__conferences") {
      edges {
        node {
          id
          ...Conferences_card
        }
      }
    }
  }
`;

export const backwards = graphql`
  fragment Conferences_ideas on Query
  @argumentDefinitions(last: { type: "Int", defaultValue: 10 }, before: { type: "String" })
  @refetchable(queryName: "ConferencesIdeasPaginationQuery") {
    ideas(last: $last, before: $before) @connection(key: "Conferences__ideas") {
      edges {
        node {
          title
        }
      }
    }
  }
`;

export const card = graphql`
  fragment Conferences_card on Conference @refetchable(queryName: "ConferencesCardRefetchQuery") {
    details {
      title
      startsAt
      seatsTaken
      capacity
    }
  }
`;

export const evening = graphql`
  fragment Conferences_evening on Conference
  @argumentDefinitions(first: { type: "Int", defaultValue: 10 }, after: { type: "String" })
  @refetchable(queryName: "ConferencesEveningPaginationQuery") {
    session {
      status
      phase
      deadline
    }
    polls {
      id
      question {
        de
      }
      tally {
        label
        count
      }
    }
    ideas(first: $first, after: $after) @connection(key: "Evening__ideas") {
      edges {
        node {
          title
          authors {
            displayName
          }
        }
      }
    }
  }
`;

export const cast = graphql`
  mutation ConferencesCastBallotMutation($input: CastBallotInput!) {
    castBallot(input: $input) {
      __typename
      ... on CastBallotSuccess {
        position
      }
      ... on Refusal {
        code
        message
        path
      }
    }
  }
`;

export const watch = graphql`
  subscription ConferencesSubscription($id: ID!) {
    conferenceChanges(conferenceId: $id) {
      __typename
      ... on News {
        cursor
        serverTime
      }
      ... on PollsChanged {
        changedPolls {
          id
          ballots
        }
      }
    }
  }
`;
